"""Programs of other people as peers of a running node: DCMTK, odil, CTN, pixelmed, dcmjs-dimse, Orthanc, pynetdicom."""
