"""How two identities prove that they are one person: linkers, and the desk that asks both sides."""
