"""Tests of the OpenAI channel, with the official SDK as the client."""
