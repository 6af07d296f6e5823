from setuptools import setup

setup(
    name="site",
    version="1",
    py_modules=["app"],
    install_requires=["itsdangerous==2.2.0"],
    extras_require={"dev": ["blinker==1.9.0"]},
)
