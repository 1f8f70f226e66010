"""A local web page where one drops a video or a photo and looks at what a model predicts; `vection app`.

Imports `runs`; needs Gradio (`vection[app]`).
"""
