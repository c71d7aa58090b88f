"""What comes from elsewhere: its words at every exit, and our secrets at none."""
