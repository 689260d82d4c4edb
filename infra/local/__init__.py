"""The local stack: the real template on an embedded cloud, on a free loopback port, with IAM enforced."""
