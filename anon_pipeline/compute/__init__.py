"""Where the heavy work runs: device choice here, engines (local processes, Ray) beside it."""
