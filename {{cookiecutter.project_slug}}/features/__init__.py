"""Transformers of your own, for the pipeline in steps/train.py: classes and functions in modules of this folder.

A model that uses them needs no pickle: what is here is trusted, and the image has it. Change it only together with the
model that was trained with it.
"""
