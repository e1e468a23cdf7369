"""What may be asked of the administration: the catalogue of procedures, what connects them, what may be cut."""
