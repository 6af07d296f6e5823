"""A whole Django project: a folder with `wsgi.py` is what pystart looks for first."""

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path

settings.configure(ALLOWED_HOSTS=["*"], ROOT_URLCONF=__name__, SECRET_KEY="only an example")
urlpatterns = [path("", lambda request: HttpResponse("Hello from Django, started by pystart.\n"))]
application = get_wsgi_application()
