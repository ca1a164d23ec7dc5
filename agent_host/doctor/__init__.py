"""Whether a host with these settings, here, now, is safe and works: what `agent-host doctor` says.

Looks and changes nothing, but for one file that it writes into the store's folder and takes away
again. Runs none of the target's code unless it is asked to, and sends content to nobody.
"""
