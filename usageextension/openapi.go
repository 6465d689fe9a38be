package usageextension

import _ "embed"

// openAPI describes the management API.
//
//go:embed openapi.yaml
var openAPI []byte
