"""What runs around the service: the local stack, the story of the demo, and commands for operators."""
