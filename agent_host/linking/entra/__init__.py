"""Sign-in with Microsoft Entra, by MSAL."""
