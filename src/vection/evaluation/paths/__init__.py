"""Camera paths against true paths: odometry, trajectories, snippets."""
