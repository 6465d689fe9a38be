package usage

// Kind says which side of a call a series stands on.
// The numbers are part of the stored format: append only.
type Kind uint8

const (
	// Endpoint is what an app serves.
	Endpoint Kind = iota
	// Provider is what an app consumes.
	Provider
	// Own is a meter of the user's own.
	Own
	// Sessions is those of a provider or an endpoint.
	Sessions

	// Kinds is the number of kinds.
	Kinds = int(Sessions) + 1
)

// String is the name used in metric names and logs.
func (k Kind) String() string {
	switch k {
	case Endpoint:
		return "endpoint"
	case Provider:
		return "provider"
	case Own:
		return "meter"
	case Sessions:
		return "session"
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
	// AttrKind says whether sessions are those of a provider or of an endpoint.
	AttrKind = "usage.kind"
	// AttrMeter and AttrUnit are of meters of the user's own: their metric has
	// them as its name and its unit.
	AttrMeter = "usage.meter"
	AttrUnit  = "usage.meter.unit"
	// AttrOverflow is the only attribute of what has no identity of its own because
	// there are too many (OpenTelemetry metrics SDK, "Overflow attribute").
	AttrOverflow = "otel.metric.overflow"
)

// GenAI is the usage.provider.kind of inference calls.
const GenAI = "gen_ai"

// Unknown stands in an identity for something that the telemetry did not say.
const Unknown = "unknown"
