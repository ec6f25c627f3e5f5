import { Textarea, type TextareaProps } from '@mantine/core';

const MOST = 4000; // characters, as the node takes them

type Props = Omit<TextareaProps, 'value' | 'onChange'> & { value: string; onText: (text: string) => void };

/** A text to be sent: it grows with what is written. */
export function LetterText({ onText, minRows = 2, ...props }: Props) {
  return (
    <Textarea
      autosize
      minRows={minRows}
      maxLength={MOST}
      onChange={(event) => onText(event.currentTarget.value)}
      {...props}
    />
  );
}
