package usage

// Field numbers the measures. The numbers are part of the stored format: append
// only.
type Field int

const (
	// FieldRequests is the first of a field for each outcome.
	FieldRequests      Field = 0
	FieldDuration            = FieldRequests + Field(Outcomes)
	FieldRequestBytes        = FieldDuration + 1
	FieldResponseBytes       = FieldRequestBytes + 1
	// FieldTokens is the first of a field for each type.
	FieldTokens           = FieldResponseBytes + 1
	FieldTimeToFirstToken = FieldTokens + Field(TokenTypes)
	FieldCostReported     = FieldTimeToFirstToken + 1
	FieldCostPriced       = FieldCostReported + 1
	FieldUnpriced         = FieldCostPriced + 1
	// FieldInputOwed and FieldOutputOwed are bookkeeping and never exported.
	FieldInputOwed  = FieldUnpriced + 1
	FieldOutputOwed = FieldInputOwed + 1
	FieldOpened     = FieldOutputOwed + 1
	// FieldClosed is the first of a field for each reason.
	FieldClosed     = FieldOpened + 1
	FieldHits       = FieldClosed + Field(CloseReasons)
	FieldValue      = FieldHits + 1
	FieldValueParts = FieldValue + 1

	// FieldCount is the number of fields.
	FieldCount = int(FieldValueParts) + 1
)

// FieldTimes is a time for each field, in Unix nanoseconds.
type FieldTimes [FieldCount]int64

// Fields are the measures by number.
func (m *Measures) Fields() [FieldCount]*int64 {
	return [FieldCount]*int64{
		&m.Requests[0], &m.Requests[1], &m.Requests[2], &m.Requests[3], &m.Requests[4],
		&m.Duration, &m.RequestBytes, &m.ResponseBytes,
		&m.Tokens[0], &m.Tokens[1], &m.Tokens[2], &m.Tokens[3], &m.Tokens[4],
		&m.TimeToFirstToken,
		&m.CostReported, &m.CostPriced, &m.Unpriced,
		&m.InputOwed, &m.OutputOwed,
		&m.Opened, &m.Closed[0], &m.Closed[1], &m.Closed[2], &m.Closed[3], &m.Closed[4], &m.Closed[5],
		&m.Hits, &m.Value, &m.ValueParts,
	}
}
