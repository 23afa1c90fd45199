import{a as o,b as e}from"./chunk-H4XKXTG7.js";import"./chunk-HFT2X76T.js";import"./chunk-OOJM4CTU.js";export{o as InfoModule,e as createInfoServices};
