"""How many replicas a load needs: the server is measured, and a simulation of its queue says the rest."""
