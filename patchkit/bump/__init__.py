"""From a new upstream tag to a branch, a pull request, or an issue that says what broke."""
