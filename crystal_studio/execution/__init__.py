"""Work in other processes, on this machine or on a cluster: tasks in, outcomes out. Knows nothing of crystals."""
