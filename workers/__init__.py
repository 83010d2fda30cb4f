"""What RQ runs: the job, the process that runs it, and the supervisor of such processes."""
