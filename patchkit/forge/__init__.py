"""Where pull requests and issues live: GitHub, Forgejo and Gitea behind one small interface."""
