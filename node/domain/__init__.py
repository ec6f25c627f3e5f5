"""The words of the trade as plain Python: no I/O, no DICOM toolkit, no SQL, no clock."""
