"""A second, slow implementation of the secure aggregation protocol, by another author from the specification alone.

Whole numbers and lists, no numpy, nothing of ours imported: HKDF, HPKE, Shamir's sharing, AES in counter mode and the
wire format are written out here, so that a mistake in protos/sa1 has to be made twice to stay unseen. It trusts its
input and checks nothing: what a node refuses is tested elsewhere.
"""
