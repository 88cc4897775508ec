"""Training: tables read, columns chosen, pipelines evaluated."""
