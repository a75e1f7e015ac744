"""What `bgmigrate demo` needs beside the commands: the shop's trees, its load, and the figures."""
