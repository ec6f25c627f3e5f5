"""Everything that touches the DICOM toolkits: bytes become domain objects and back; nothing here decides."""
