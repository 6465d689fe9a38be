package pricing

import "strings"

// Names of providers that rules are made about. Most have one price list; those
// of a family have lists of their own in some sources and a common one in others.
const (
	openAI      = "openai"
	anthropic   = "anthropic"
	bedrock     = "aws.bedrock"
	gemini      = "gcp.gemini"
	vertex      = "gcp.vertex_ai"
	googleAny   = "gcp.gen_ai"
	google      = "google"
	azureOpenAI = "azure.ai.openai"
	azureModels = "azure.ai.inference"
	azure       = "azure"
	mistral     = "mistral_ai"
	xAI         = "x_ai"
	cohere      = "cohere"
	deepSeek    = "deepseek"
	moonshot    = "moonshot_ai"
	perplexity  = "perplexity"
	zhipu       = "zhipuai"
	zAI         = "zai"
	miniMax     = "minimax"
	voyage      = "voyage"
	alibaba     = "alibaba"
	copilot     = "github"
	openRouter  = "openrouter"
	together    = "together_ai"
	fireworks   = "fireworks"
	groq        = "groq"
	cerebras    = "cerebras"
	huggingFace = "hugging_face"
	nvidia      = "nvidia_nim"
	cloudflare  = "cloudflare"
	watsonx     = "ibm.watsonx.ai"
	ollama      = "ollama"
	vLLM        = "vllm"
	lmStudio    = "lm_studio"
	replicate   = "replicate"
	sambaNova   = "sambanova"
	deepInfra   = "deepinfra"
)

// canonical returns the name under which a provider's prices are kept.
func canonical(provider string) string {
	name := strings.ToLower(strings.TrimSpace(provider))
	if id, ok := known(name); ok {
		return id
	}
	return name
}

// known maps what providers are called, by the conventions and by the sources of
// prices, to one name. It also knows the prefixes of model names and the
// organisations in them.
func known(name string) (id string, ok bool) {
	switch name {
	case openAI, "text-completion-openai":
		return openAI, true
	case anthropic:
		return anthropic, true
	case bedrock, "aws", "bedrock", "bedrock_converse", "bedrock_mantle", "amazon-bedrock", "amazon", "amazon_nova":
		return bedrock, true
	case gemini, "gemini":
		return gemini, true
	case vertex, "vertex_ai", "vertex", "vertexai", "google-vertex", "google-vertex-anthropic":
		return vertex, true
	case googleAny, google, azureOpenAI, azureModels, azure:
		return name, true
	case "azure_text", "azure-openai":
		return azureOpenAI, true
	case "azure_ai":
		return azureModels, true
	case mistral, "mistral", "mistralai", "codestral", "text-completion-codestral":
		return mistral, true
	case xAI, "xai", "x-ai", "grok":
		return xAI, true
	case cohere, "cohere_chat", "cohereforai", "coherelabs":
		return cohere, true
	case deepSeek, "deepseek-ai":
		return deepSeek, true
	case moonshot, "moonshot", "moonshotai", "kimi":
		return moonshot, true
	default:
		return knownToo(name)
	}
}

// knownToo has the providers that the semantic conventions have no name for.
func knownToo(name string) (id string, ok bool) {
	switch name {
	case groq, cerebras, perplexity, openRouter, miniMax, ollama, vLLM, replicate, sambaNova, deepInfra, cloudflare, zhipu, zAI:
		return name, true
	case "@cf":
		return cloudflare, true
	case "minimaxai":
		return miniMax, true
	case "z-ai", "zai-org", "z.ai":
		return zAI, true
	case "zhipu", "thudm":
		return zhipu, true
	case voyage, "voyageai":
		return voyage, true
	case alibaba, "dashscope", "qwen":
		return alibaba, true
	case copilot, "github_copilot", "github-copilot":
		return copilot, true
	case together, "together", "togetherai", "together-ai":
		return together, true
	case fireworks, "fireworks_ai", "fireworks-ai":
		return fireworks, true
	case huggingFace, "huggingface":
		return huggingFace, true
	case nvidia, "nvidia":
		return nvidia, true
	case watsonx, "watsonx":
		return watsonx, true
	case lmStudio, "lmstudio":
		return lmStudio, true
	case "ollama_chat", "ollama_cloud", "ollama-cloud":
		return ollama, true
	case "hosted_vllm":
		return vLLM, true
	default:
		return "", false
	}
}

// family is the name of the price list that a provider may share with others.
func family(id string) string {
	switch id {
	case gemini, vertex, googleAny:
		return google
	case azureOpenAI, azureModels:
		return azure
	default:
		return id
	}
}

// lists names the price lists of a provider: its own, then its family's.
func lists(id string) []string {
	switch id {
	case google, googleAny:
		return []string{id, google, gemini, vertex}
	case azure:
		return []string{azure, azureOpenAI, azureModels}
	case azureOpenAI:
		return []string{azureOpenAI, azure, azureModels}
	case azureModels:
		return []string{azureModels, azure, azureOpenAI}
	case gemini:
		return []string{gemini, google, vertex}
	case vertex:
		return []string{vertex, google, gemini}
	case zAI:
		return []string{zAI, zhipu}
	case zhipu:
		return []string{zhipu, zAI}
	default:
		return []string{id}
	}
}

// resells says whether the models that a provider does not list may be priced as
// those of another one, which is what gateways and the clients of a compatible
// API stand for. Hosts with price lists of their own do not, and what runs on
// one's own machines has no price.
func resells(id, other string) bool {
	switch id {
	case bedrock, together, fireworks, groq, cerebras, huggingFace, nvidia, cloudflare, watsonx, replicate,
		sambaNova, deepInfra, perplexity, alibaba, "baseten", "novita", "ovhcloud", "avian", "modal", "nebius",
		"hyperbolic", "baidu", "volcengine", "tencent", "doubleword", "quicksilverpro", "cursor",
		ollama, vLLM, lmStudio, "llama.cpp", "llamacpp", "localai", "sglang", "tgi":
		return false
	}
	switch family(id) {
	case google:
		return other == anthropic
	case azure:
		switch other {
		case openAI, anthropic, deepSeek, xAI, moonshot:
			return true
		}
		return false
	}
	return true
}

// owner guesses who makes a model, from a name without any path.
func owner(model string) string {
	for _, o := range [...]struct {
		id       string
		prefixes []string
	}{
		{anthropic, []string{"claude"}},
		{openAI, []string{
			"gpt-", "chatgpt-", "o1", "o3", "o4-", "ft:", "text-embedding-3", "text-embedding-ada", "codex-", "davinci",
		}},
		{google, []string{"gemini", "gemma"}},
		{mistral, []string{
			"mistral", "mixtral", "ministral", "codestral", "magistral", "devstral", "pixtral", "voxtral", "open-mi",
		}},
		{cohere, []string{"command", "c4ai", "embed-v"}},
		{deepSeek, []string{"deepseek"}},
		{xAI, []string{"grok"}},
		{moonshot, []string{"kimi", "moonshot"}},
		{zAI, []string{"glm-"}},
		{miniMax, []string{"minimax"}},
		{voyage, []string{"voyage"}},
		{perplexity, []string{"sonar"}},
	} {
		for _, prefix := range o.prefixes {
			if strings.HasPrefix(model, prefix) {
				return o.id
			}
		}
	}
	return ""
}

// halfBatch says whether a batch costs half of everything at a provider.
func halfBatch(id string) bool { return id == openAI || id == anthropic }
