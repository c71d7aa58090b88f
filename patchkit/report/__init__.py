"""One report value per command; the terminal's text and JSON are renderings of it."""
