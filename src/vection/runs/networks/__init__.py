"""Networks of runs as files of other run times: written, and chosen for prediction."""
