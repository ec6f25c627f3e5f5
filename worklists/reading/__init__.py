"""The reading desk: which study a radiologist reads next, whose it is while it is read, and the signed report."""
