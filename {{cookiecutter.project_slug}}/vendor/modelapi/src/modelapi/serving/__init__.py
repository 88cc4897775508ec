"""What the routes do, without a web framework: each handler takes plain values and returns an Answer."""
