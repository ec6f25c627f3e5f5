"""What keeps the parts apart and the documents true."""
