"""Reports and studies as FHIR R4 (4.0.1): what a hospital's own systems can read of what is stored here."""
