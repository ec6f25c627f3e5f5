"""What the reading hospital and the origin say to each other about a study: letters and critical findings."""
