"""
Soft alignment done to JSON: a claim rewritten, and the same as a MutatingAdmissionPolicy.
"""
