"""The host as an application registered with Microsoft Entra, for whoever needs it to be one."""
