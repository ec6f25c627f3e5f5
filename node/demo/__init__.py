"""The demonstration: a district, a hub, the origin's PACS and a modality on one machine."""
