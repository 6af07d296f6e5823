"""An app with a server of its own: pystart starts that one, and stays in front of it as init."""

import streamlit

streamlit.title("Hello from Streamlit")
streamlit.write("Started by pystart.")
