"""Prompts to embeddings: a T5 encoder of `transformers`, shipped small or fetched from the hub.

Knows nothing of video. Whatever `AutoTokenizer` and `T5EncoderModel` can load will do.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from torch import Tensor, nn
from transformers import AutoTokenizer, PreTrainedTokenizerFast, T5Config, T5EncoderModel
from transformers.tokenization_utils_base import PreTrainedTokenizerBase

from hitvideo.errors import HiTVideoError

WORDS = "words.json"
MAX_TOKENS = 64  # of a prompt; the rest is cut off
MATTERS = 0.15  # a word to which less of the attention goes says little
WORD = re.compile(r"[^\W_]+(?:['-][^\W_]+)*")

# The shipped encoder, trained together with the language model.
MINI_T5: dict[str, Any] = {
    "d_model": 256,
    "d_kv": 64,
    "num_heads": 4,
    "num_layers": 4,
    "d_ff": 512,
    "feed_forward_proj": "gated-gelu",
    "dropout_rate": 0.0,
}


class TextEncoder(nn.Module):
    """vocabulary and model, and the words of all captions it was trained on (empty: unknown)."""

    def __init__(
        self,
        vocabulary: PreTrainedTokenizerBase,
        model: T5EncoderModel,
        words: Iterable[str] = (),
    ) -> None:
        super().__init__()
        self.vocabulary = vocabulary
        self.model = model
        self.words = frozenset(words)

    @property
    def width(self) -> int:
        return int(self.model.config.d_model)

    def tokenize(self, prompts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Token ids and mask, both ``(B, L)``, L at most ``MAX_TOKENS``."""
        batch = self.vocabulary(
            list(prompts),
            padding=True,
            truncation=True,
            max_length=MAX_TOKENS,
            return_tensors="pt",
        )
        return batch["input_ids"], batch["attention_mask"]

    def unread(self, prompt: str) -> str:
        """The end of a prompt that lies beyond ``MAX_TOKENS`` and is cut off; mostly empty."""
        places = self.vocabulary(prompt, return_offsets_mapping=True)["offset_mapping"]
        if len(places) <= MAX_TOKENS:
            return ""
        # The last of the tokens that are read marks the end.
        return prompt[places[MAX_TOKENS - 2][1] :].strip()

    def words_read(self, prompt: str, weights: Sequence[float]) -> str:
        """The words of a prompt that matter, in their order.

        weights: of its tokens, as far as they are read, together 1.
        """
        spans = self.vocabulary(prompt, return_offsets_mapping=True)["offset_mapping"]
        weighed = [*zip(spans, weights, strict=False)]
        return " ".join(
            word.group()
            for word in WORD.finditer(prompt)
            if sum(w for (a, b), w in weighed if a < word.end() and b > word.start()) > MATTERS
        )

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Embeddings ``(B, L, width)``."""
        return self.model(input_ids=ids, attention_mask=mask).last_hidden_state

    def encode(self, prompts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Embeddings ``(B, L, width)`` and mask ``(B, L)`` on the model's device."""
        ids, mask = (x.to(self.model.device) for x in self.tokenize(prompts))
        return self(ids, mask), mask

    def save_pretrained(self, folder: str | Path, dtype: torch.dtype | None = None) -> None:
        self.vocabulary.save_pretrained(folder)
        state = None
        if dtype is not None:
            state = {name: tensor.to(dtype) for name, tensor in self.model.state_dict().items()}
        self.model.save_pretrained(folder, state_dict=state, max_shard_size="15MB")
        (Path(folder) / WORDS).write_text(json.dumps(sorted(self.words)) + "\n")

    @classmethod
    def from_pretrained(
        cls,
        name: str | Path,
        device: str | torch.device = "cpu",
        dtype: torch.dtype = torch.float32,
    ) -> TextEncoder:
        """A folder, or a text that is a name on the hub such as ``google/flan-t5-xl``.

        A ``Path`` is a folder, and the hub is not asked for it, whatever it is called. Raises
        HiTVideoError where it is missing, broken or incomplete.
        """
        stored = Path(name) / WORDS
        # A relative folder is called like what an owner keeps on the hub.
        here = isinstance(name, Path) or Path(name).is_dir()
        try:
            if here and not Path(name).is_dir():  # transformers would ask for it nevertheless
                raise FileNotFoundError(name)
            vocabulary = AutoTokenizer.from_pretrained(str(name), local_files_only=here)
            loaded: Any = T5EncoderModel.from_pretrained(
                str(name), dtype=dtype, output_loading_info=True, local_files_only=here
            )
            words = json.loads(stored.read_text()) if stored.is_file() else ()
        except (OSError, ValueError, RuntimeError, TypeError, KeyError, SafetensorError) as error:
            raise HiTVideoError(f"The text encoder {name} cannot be loaded.") from error
        model, found = loaded
        if found["missing_keys"]:  # others may be there: the hub's T5 comes with its decoder
            raise HiTVideoError(f"The weights in {name} are not those of a T5 encoder.")
        return cls(vocabulary, model.to(device).eval(), words)


def words_of(text: str) -> list[str]:
    """The words of a text in lower case, in their order."""
    return WORD.findall(text.lower())


def new_text_encoder(captions: Iterable[str], size: int = 1024) -> TextEncoder:
    """An untrained encoder whose BPE vocabulary of at most ``size`` fits these captions."""
    from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
    from tokenizers.trainers import BpeTrainer

    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), normalizers.Lowercase()])
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Punctuation(), pre_tokenizers.Metaspace()]
    )
    tokenizer.decoder = decoders.Metaspace()
    special = ["<pad>", "</s>", "<unk>"]
    letters = list("abcdefghijklmnopqrstuvwxyz0123456789,.'-")
    trainer = BpeTrainer(
        vocab_size=size, special_tokens=special, initial_alphabet=letters, show_progress=False
    )
    captions = list(captions)
    tokenizer.train_from_iterator(captions, trainer)
    words = {word for text in captions for word in words_of(text)}
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", special_tokens=[("</s>", 1)]
    )
    vocabulary = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    )
    model = T5EncoderModel(T5Config(vocab_size=len(vocabulary), **MINI_T5))
    return TextEncoder(vocabulary, model, words)
