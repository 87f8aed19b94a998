"""The proxy beside nginx and other proxies: subjects (what is measured), measurements, goals, and the report.

Must not: know the proxy's insides; what is measured is processes, from outside.
"""
