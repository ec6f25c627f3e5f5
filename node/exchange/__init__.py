"""The link between two nodes over HTTPS. The lower tier dials; the upper tier answers."""
