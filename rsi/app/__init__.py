"""The page of ``rsi app``, made of Gradio: drop a photograph, watch it being restored, take it away."""
