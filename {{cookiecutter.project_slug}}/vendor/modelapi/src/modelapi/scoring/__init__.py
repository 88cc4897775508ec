"""Files of any length, scored batch by batch: their formats, and the processes that share the work."""
