# Every image of a release: docker buildx bake --push
#
#   IMAGE      what the images are called, with the registry
#   VERSION    of the release; without it the tags have none, and the label is that of the Dockerfile
#   REVISION, CREATED, SOURCE    the commit, the time (RFC 3339) and the address of the repository, for the labels
#   BASE_DIGESTS    JSON, from a version of Python to the digest of its official image: what is built on
#   CACHE      where layers are kept: "type=gha" in hosted CI
variable "IMAGE" {
  default = "pystart"
}
variable "VERSION" {
  default = ""
}
variable "REVISION" {
  default = ""
}
variable "CREATED" {
  default = ""
}
variable "SOURCE" {
  default = ""
}
variable "BASE_DIGESTS" {
  default = "{}"
}
variable "CACHE" {
  default = ""
}

# Those that gunicorn supports, the one of the plain tags last.
variable "PYTHON_VERSIONS" {
  default = ["3.10", "3.11", "3.12", "3.13", "3.14", "3.15"]
}

function "base_digest" {
  params = [python]
  result = lookup(jsondecode(BASE_DIGESTS), python, "")
}

function "tags" {
  params = [name]
  result = concat(["${IMAGE}:${name}"], VERSION == "" ? [] : ["${IMAGE}:${VERSION}-${name}"])
}

group "default" {
  targets = ["binary", "image"]
}

target "released" {
  context   = "."
  platforms = ["linux/amd64", "linux/arm64"]
  args = {
    REVISION = REVISION
    VERSION  = VERSION == "" ? null : VERSION
  }
  labels = {
    "org.opencontainers.image.revision" = REVISION == "" ? null : REVISION
    "org.opencontainers.image.created"  = CREATED == "" ? null : CREATED
    "org.opencontainers.image.source"   = SOURCE == "" ? null : SOURCE
  }
  attest     = ["type=provenance,mode=max", "type=sbom"]
  cache-from = CACHE == "" ? [] : [CACHE]
  cache-to   = CACHE == "" ? [] : ["${CACHE},mode=max"]
}

target "binary" {
  inherits = ["released"]
  target   = "binary"
  tags     = tags("binary")
}

target "image" {
  name = "${variant}-${replace(python, ".", "-")}"
  matrix = {
    variant = ["runtime", "appservice"]
    python  = PYTHON_VERSIONS
  }
  inherits = ["released"]
  target   = variant
  # Compiled once, for all of them.
  contexts = { made = "target:binary" }
  args = {
    PYTHON_IMAGE = join("@", compact(["python:${python}-slim", base_digest(python)]))
  }
  labels = {
    "org.opencontainers.image.base.name"   = "docker.io/library/python:${python}-slim"
    "org.opencontainers.image.base.digest" = base_digest(python) == "" ? null : base_digest(python)
  }
  tags = concat(
    tags(variant == "runtime" ? "python${python}" : "python${python}-appservice"),
    python != PYTHON_VERSIONS[length(PYTHON_VERSIONS) - 1] ? [] :
    variant == "runtime" ? ["${IMAGE}:latest"] : ["${IMAGE}:appservice"],
  )
}
