"""Everything a user would notice, tested through real parts."""
