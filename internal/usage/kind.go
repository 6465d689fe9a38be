package usage

// Kind says which side of a call a series stands on.
// The numbers are part of the stored format: append only.
type Kind uint8

const (
	// Endpoint is what an app serves.
	Endpoint Kind = iota
	// Provider is what an app consumes.
	Provider
)

// String is the name used in metric names and logs.
func (k Kind) String() string {
	switch k {
	case Endpoint:
		return "endpoint"
	case Provider:
		return "provider"
	default:
		return "unknown"
	}
}

// Attribute names of the base identity, in the order in which a [Schema] holds
// them. usage.service is the record's service.name under a name of its own,
// because exporters that copy resource attributes would overwrite service.name.
const (
	AttrService      = "usage.service"
	AttrProtocol     = "usage.protocol"
	AttrEndpoint     = "usage.endpoint"
	AttrProvider     = "usage.provider"
	AttrProviderKind = "usage.provider.kind"
	AttrModel        = "usage.model"
	AttrOperation    = "usage.operation"
)

// GenAI is the usage.provider.kind of inference calls.
const GenAI = "gen_ai"

// Unknown stands in an identity for something that the telemetry did not say.
const Unknown = "unknown"
