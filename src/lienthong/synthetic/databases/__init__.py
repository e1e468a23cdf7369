"""How the people and things of the invented country stand in each database: one module for each contract.

An emitter takes the scene of one catchment and gives parcels that are right; faults are planted afterwards. A contract
without a module here is filled from the contract alone (`anything`).
"""
