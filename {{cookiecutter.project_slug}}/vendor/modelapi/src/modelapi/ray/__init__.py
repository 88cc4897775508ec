"""What runs on a cluster of Ray: the API on Ray Serve, and scoring on Ray Data."""
