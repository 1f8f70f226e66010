"""Commands that judge and show: evaluate, odometry, report, submission."""
