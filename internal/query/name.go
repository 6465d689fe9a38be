package query

import "github.com/otelusage/usageprocessor/internal/usage"

// None stands in text for the value of an attribute that rows do not have.
const None = "(none)"

// AttributeName is the name of an attribute that queries may call by a short name,
// such as `provider` for `usage.provider`. Any other name is that of a dimension and
// stays as it is.
func AttributeName(short string) string {
	switch short {
	case "service":
		return usage.AttrService
	case "protocol":
		return usage.AttrProtocol
	case "endpoint":
		return usage.AttrEndpoint
	case "provider":
		return usage.AttrProvider
	case "provider.kind", "provider_kind":
		return usage.AttrProviderKind
	case "model":
		return usage.AttrModel
	case "operation":
		return usage.AttrOperation
	case "meter":
		return usage.AttrMeter
	default:
		return short
	}
}

func orElse(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return text
}
