"""Application libraries: what an app may ask of the device, under the names Azure Sphere developers know.

Apps write `from applibs import gpio, log, eventloop`. Nothing blocks: only waiting is awaited.
"""
