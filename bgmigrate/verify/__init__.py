"""Do both versions run on this schema? One question a file; what runs inside a version's own process is in `inside/`."""
