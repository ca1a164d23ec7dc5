"""Lists of who may come in. Each allows, denies or abstains; what nobody allows is denied."""
