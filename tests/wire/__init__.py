"""Real associations on port 0 with real peers, and with peers that misbehave."""
